% page = words["page"]
<!doctype html>
<html lang="{{words['language']}}" dir="{{words['direction']}}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{{page["title"]}}</title>
  <link rel="icon" href="static/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="static/page.css">
  % for name in scripts:
  <link rel="modulepreload" href="static/{{name}}">
  % end
  <script type="application/json" id="words">{{!for_scripts}}</script>
  <script type="module" src="static/main.js"></script>
</head>
<body>
  <header>
    <h1>{{page["heading"]}}</h1>
    <p>{{page["subheading"]}}</p>
  </header>
  <noscript><p>{{page["noScript"]}} <a href="api">{{page["contract"]}}</a></p></noscript>
  <p class="incomplete" id="incomplete">{{page["incomplete"]}}</p>

  <main>
    <div class="paper" id="paper">
      <canvas id="pad" role="img" aria-label="{{page['pad']}}"></canvas>
      <img id="picture" alt="{{page['picture']}}" hidden>
      <p class="not-shown" id="not-shown" hidden></p>
      <p class="which" id="which" aria-hidden="true"></p>
      <p class="paper-note" id="paper-note" role="status"></p>
      <p class="drop-hint" aria-hidden="true">{{page["drop"]}}</p>
    </div>

    <div class="buttons" role="group" aria-label="{{page['drawing']}}">
      <button id="undo" type="button" aria-keyshortcuts="Control+Z Meta+Z" aria-disabled="true">{{page["undo"]}}</button>
      <button id="redo" type="button" aria-keyshortcuts="Control+Shift+Z Control+Y Meta+Shift+Z" aria-disabled="true">{{page["redo"]}}</button>
      <button id="clear" type="button" aria-keyshortcuts="Escape" aria-disabled="true">{{page["clear"]}}</button>
      <label class="choose">{{page["choose"]}}<input id="choose" type="file" class="unseen" disabled multiple accept="image/png,image/jpeg,image/gif,image/bmp,image/webp,image/avif,image/svg+xml"></label>
    </div>

    <section class="gallery" id="gallery" aria-labelledby="gallery-heading" hidden>
      <h2 class="unseen" id="gallery-heading">{{page["gallery"]}}</h2>
      <p class="progress" id="progress" aria-hidden="true"></p>
      <div class="tiles" id="tiles"></div>
    </section>

    <div class="reading">
      <section class="answer panel" id="answer" data-state="empty" aria-labelledby="answer-heading">
        <h2 class="unseen" id="answer-heading">{{page["answer"]}}</h2>
        <div class="answer-grid">
          <p class="digit" id="digit" aria-hidden="true">?</p>
          <div class="said">
            <p class="sentence" id="sentence" aria-hidden="true">{{words["scripts"]["loading"]}}</p>
            <p class="unseen" id="spoken" role="status"></p>
            <button id="again" type="button" hidden>{{page["readAgain"]}}</button>
            <button id="example" type="button" hidden>{{page["example"]}}</button>
          </div>
          <figure class="seen" id="seen-figure" hidden>
            <img id="seen" src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" width="112" height="112" alt="{{page['seen']}}" aria-describedby="preparation" draggable="false">
            <figcaption>{{page["seenCaption"]}}</figcaption>
          </figure>
          % if corrections:
          <div class="correction" id="correction" hidden>
            <button id="yes" type="button"></button>
            <span id="no">{{words["scripts"]["no"]}}</span>
            <span class="kept">{{page["kept"]}}</span>
            <span id="correction-note" role="status"></span>
            <div class="digits" id="others" role="group" aria-labelledby="no">
              % for digit in range(10):
              <button type="button">{{digit}}</button>
              % end
            </div>
          </div>
          % end
        </div>
      </section>

      <ol class="bars panel" id="bars" start="0" aria-label="{{page['probabilities']}}">
        % for digit in range(10):
        <li><span class="name">{{digit}}</span><span class="track"><span class="bar"></span></span><span class="share">–</span></li>
        % end
      </ol>
      <p class="preparation" id="preparation" hidden></p>
    </div>

    <section class="tools" aria-labelledby="tools-heading">
      <h2 class="unseen" id="tools-heading">{{page["tools"]}}</h2>
      <label class="size">{{page["pen"]}} <input id="pen-size" type="range" min="1" max="12" step="0.5" value="5" aria-label="{{page['penSize']}}"></label>
      <fieldset class="colours" id="colours">
        <legend class="unseen">{{page["penColour"]}}</legend>
        % for name, in_words in page["colours"].items():
        <label class="swatch {{name}}" title="{{in_words}}"><input type="radio" name="tool" value="{{name}}" {{"checked" if name == "ink" else ""}}><span class="unseen">{{in_words}}</span></label>
        % end
      </fieldset>
      <p class="drop">{{page["dropOrPaste"]}}</p>
      <p class="developers"><button id="copy-curl" type="button" disabled>{{page["copyAsCurl"]}}</button> <a href="api" target="_blank">{{page["contract"]}}</a> <span id="note" role="status"></span></p>
    </section>
    <p class="unseen" id="gallery-status" role="status"></p>
  </main>

  <section class="beside" aria-labelledby="inside-heading">
  <details class="inside panel" id="inside" data-state="empty" open>
    <summary><h2 id="inside-heading">{{page["inside"]}}</h2></summary>
    <div class="why">
      <div class="heat"><img id="heat-seen" alt="" draggable="false"><canvas id="heat" width="112" height="112" role="img" aria-labelledby="evidence"></canvas></div>
      <div class="evidence">
        <p id="evidence">{{words["scripts"]["nothingInside"]}}</p>
        <p class="trouble" id="inside-trouble" role="status"></p>
        <p class="legend" aria-hidden="true"><span class="for">{{page["for"]}}</span> <span class="against">{{page["against"]}}</span></p>
      </div>
      <div class="question">
        <p id="why-not-another">{{page["whyNotAnother"]}}</p>
        <div class="digits" id="why" role="group" aria-labelledby="why-not-another">
          % for digit in range(10):
          <button type="button" aria-pressed="false" disabled>{{digit}}</button>
          % end
        </div>
      </div>
    </div>
    <div class="maps">
      <p class="hint">{{page["pointAtMap"]}}</p>
      <figure class="detail"><canvas id="map-detail" width="26" height="26" role="img" aria-labelledby="map-caption"></canvas><figcaption id="map-caption"></figcaption></figure>
      <div class="layers" id="layers"></div>
    </div>
  </details>
  </section>
</body>
</html>
