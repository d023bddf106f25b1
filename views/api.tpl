% info, paths = contract["info"], contract["paths"]
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>The HTTP interface</title>
  <link rel="icon" href="/static/icon.svg">
  <link rel="stylesheet" href="/static/page.css">
</head>
<body class="text">
<main>
  <h1>The HTTP interface</h1>
  <p>{{info["summary"]}} <a href="/">Back to the drawing pad</a>, or <a href="/openapi.json">the same for programs</a> (OpenAPI {{contract["openapi"]}}).</p>
  % for path, operations in paths.items():
    % for method, operation in operations.items():
  <section>
    <h2><code>{{method.upper()}} {{path}}</code></h2>
    <p>{{operation["summary"]}}</p>
    % if "requestBody" in operation:
    <p>Send the picture as any of
      % for number, kind in enumerate(operation["requestBody"]["content"]):
{{", " if number else ""}}<code>{{kind}}</code>\\
      % end
.</p>
    % end
    % if operation.get("parameters"):
    <ul>
      % for parameter in operation["parameters"]:
      <li><code>?{{parameter["name"]}}=</code> {{parameter["description"]}}</li>
      % end
    </ul>
    % end
    <dl>
      % for status, answer in operation["responses"].items():
      <dt>{{status}}</dt><dd>{{answer["description"]}}</dd>
      % end
    </dl>
  </section>
    % end
  % end
</main>
</body>
</html>
