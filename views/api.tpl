% info, schemas = contract["info"], contract["components"]["schemas"]
% everywhere = reference.common_errors(contract)
% def list_fields(fields):
      <dl>
%   for name, value in fields.items():
        <dt><code>{{name}}</code></dt>
        <dd><i>{{reference.kind(value)}}</i> {{value.get("description", "")}}\\
%     if reference.fields_of(value):
%       list_fields(reference.fields_of(value))
%     end
</dd>
%   end
      </dl>
% end
% def list_errors(errors):
      <dl>
%   for status, code, when in errors:
        <dt>{{status}} <code>{{code}}</code></dt><dd>{{when}}</dd>
%   end
      </dl>
% end
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

      HEAD works wherever GET does.
      For programs, <a href="openapi.json">the same description</a> is there as OpenAPI {{contract["openapi"]}}. <a href=".">Back to the drawing pad</a>.</p>
% if "security" in contract:
    <p>Send this server's token as <code>Authorization: Bearer …</code>, except where none is needed.</p>
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
%     body = operation.get("requestBody", {"content": {}})
%     if body["content"]:
      <h3>Send</h3>
      <p>In one of these ways, with {{body["description"]}}:</p>
%       for kind, content in body["content"].items():
%         for way in reference.alternatives(content["schema"], schemas):
      <h4><code>{{kind}}</code></h4>
%           if reference.fields_of(way):
%             list_fields(way["properties"])
%           else:
      <p>{{way["description"]}}, as the whole body</p>
%           end
%         end
%       end
%     end
%     if "parameters" in operation:
      <h3>Query parameters</h3>
      <dl>
%       for parameter in operation["parameters"]:
        <dt><code>?{{parameter["name"]}}=</code></dt><dd>{{parameter["description"]}}</dd>
%       end
      </dl>
%     end
%     for example in operation.get("x-codeSamples", ()):
      <h3>{{example["lang"]}}</h3>
      <pre><code>{{example["source"].replace(example_server, server)}}</code></pre>
%     end
      <h3>Answers</h3>
%     for kind, content in operation["responses"]["200"]["content"].items():
%       named = [way["title"] for way in reference.alternatives(content["schema"], schemas) if "title" in way]
      <dl>
        <dt>200</dt>
        <dd><code>{{kind}}</code>\\
%       for number, name in enumerate(named):
{{" or " if number else ": "}}<a href="#{{name}}">{{name}}</a>\\
%       end
%       if len(named) > 1:
; {{operation["responses"]["200"]["description"]}}\\
%       end
</dd>
      </dl>
%     end
%     list_errors([error for error in reference.errors_of(operation) if error not in everywhere])
    </section>
%   end
% end
    <section class="panel">
      <h2>Errors of every request</h2>
%     list_errors(everywhere)
    </section>
% for title, schema in schemas.items():
    <section class="panel" id="{{title}}">
      <h2>{{title}}</h2>
%   fields = schema["properties"]
%   if title == "Explanation":
      <p>What a <a href="#Prediction">Prediction</a> holds, and also</p>
%     fields = {name: value for name, value in fields.items() if name not in schemas["Prediction"]["properties"]}
%   end
%   list_fields(fields)
    </section>
% end
  </main>
</body>
</html>
