% info, schemas = contract["info"], contract["components"]["schemas"]
% def resolved(schema):
%   return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
% end
% def ways(schema):
%   return [resolved(one) for one in schema.get("anyOf", [schema])]
% end
% def codes(operation):
%   errors = [(status, one["description"]) for status, one in operation["responses"].items() if status != "200"]
%   return [(status, code) for status, all_codes in errors for code in all_codes.split(", ")]
% end
% everywhere = set.intersection(*[set(codes(one)) for of_path in contract["paths"].values() for one in of_path.values()])
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>The HTTP interface</title>
  <link rel="icon" href="static/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="static/page.css">
  <link rel="stylesheet" href="static/api.css">
</head>
<body class="text">
  <header>
    <h1>The HTTP interface</h1>
    <p>{{info["summary"]}}</p>
  </header>
  <main>
    <p>
% for number, sentence in enumerate(info["description"].split("`")):
%   if number % 2:
<code>{{sentence}}</code>\\
%   else:
{{sentence}}\\
%   end
% end

      HEAD is answered wherever GET is.
      <a href="openapi.json">The same for programs</a> is OpenAPI {{contract["openapi"]}}. <a href=".">Back to the drawing pad</a>.</p>
% if "security" in contract:
    <p>Requests bear this server's token, <code>Authorization: Bearer …</code>, but for those that need none.</p>
% end
% for path, operations in contract["paths"].items():
%   for method, operation in operations.items():
%     if method == "head":
%       continue
%     end
    <section class="panel" id="{{operation["operationId"]}}">
      <h2><code><b>{{method.upper()}}</b> {{path}}</code></h2>
      <p>{{operation["summary"]}}\\
%     if operation.get("security") == []:
 Needs no token.\\
%     end
</p>
%     if "requestBody" in operation or "parameters" in operation:
      <h3>Send</h3>
      <dl>
%       for kind, content in operation.get("requestBody", {"content": {}})["content"].items():
        <dt><code>{{kind}}</code></dt>
        <dd>
%         for number, way in enumerate(ways(content["schema"])):
{{" or " if number else ""}}\\
%           if "properties" not in way:
the picture itself\\
%           end
%           for index, name in enumerate(way.get("properties", ())):
{{" and " if index else ""}}<code>{{name}}</code>\\
%           end
%         end
        </dd>
%       end
%       for parameter in operation.get("parameters", ()):
        <dt><code>?{{parameter["name"]}}=</code></dt><dd>{{parameter["description"]}}</dd>
%       end
      </dl>
%     end
      <h3>Answers</h3>
      <dl>
%     for kind, content in operation["responses"]["200"]["content"].items():
        <dt>200</dt>
        <dd><code>{{kind}}</code>\\
%       for number, way in enumerate(ways(content["schema"])):
%         for index, name in enumerate(way.get("properties", ())):
{{", " if index else ", or " if number else ": "}}<code>{{name}}</code>\\
%         end
%       end
</dd>
%     end
%     own = [(status, code) for status, code in codes(operation) if (status, code) not in everywhere]
%     for status in dict.fromkeys(status for status, _ in own):
        <dt>{{status}}</dt>
        <dd>
%       for number, code in enumerate(code for its_status, code in own if its_status == status):
{{", " if number else ""}}<code>{{code}}</code>\\
%       end
</dd>
%     end
      </dl>
    </section>
%   end
% end
    <section class="panel">
      <h2>Errors of any request</h2>
      <dl>
% for status, code in sorted(everywhere):
        <dt>{{status}}</dt><dd><code>{{code}}</code></dd>
% end
      </dl>
    </section>
    <section class="panel">
      <h2>What an answer holds</h2>
% for title in ("Prediction", "Explanation", "Correction", "Health", "Error"):
      <h3>{{title}}{{", beside what a prediction holds" if title == "Explanation" else ""}}</h3>
      <dl>
%   for name, value in schemas[title]["properties"].items():
%     if title == "Explanation" and name in schemas["Prediction"]["properties"]:
%       continue
%     end
%     inner = value.get("properties", {})
        <dt><code>{{name}}</code></dt>
        <dd>{{value.get("description", "")}}\\
%     for index, part in enumerate(inner):
{{", " if index else ""}}<code>{{part}}</code>\\
%     end
</dd>
%   end
      </dl>
% end
    </section>
  </main>
</body>
</html>
