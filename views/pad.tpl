<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Handwritten digits</title>
  <link rel="icon" href="static/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="static/page.css">
  <script type="module" src="static/main.js"></script>
</head>
<body>
  <header>
    <h1>Write a digit</h1>
    <p>A small neural network reads it while you draw.</p>
  </header>

  <main>
    <div class="paper" id="paper">
      <canvas id="pad" role="img" aria-label="Drawing pad: draw a digit from 0 to 9 with a mouse, a finger or a pen. By keyboard, choose a picture instead."></canvas>
      <img id="picture" alt="The picture being read" hidden>
      <p class="drop-hint" aria-hidden="true">Drop the picture to have it read</p>
    </div>

    <section class="verdict panel" id="answer" data-state="empty" aria-label="Answer">
      <p class="digit" id="digit" aria-hidden="true">?</p>
      <p class="sentence" id="sentence" role="status">Draw a digit from 0 to 9.</p>
      <figure class="seen" id="seen-figure" hidden>
        <img id="seen" width="112" height="112" alt="The picture of 28 by 28 pixels that the network was given">
        <figcaption>what the network saw</figcaption>
      </figure>
      <div class="right-or-wrong" id="verdict" hidden>
        <button id="yes" type="button">Yes</button>
        <span id="no">No, it is a</span>
        <div class="digits" id="others" role="group" aria-labelledby="no">
          % for digit in range(10):
          <button type="button" aria-label="No, it is a {{digit}}">{{digit}}</button>
          % end
        </div>
        <span id="verdict-note" role="status"></span>
      </div>
    </section>

    <section class="tools" aria-label="Tools">
      <label class="size">Pen <input id="pen-size" type="range" min="1" max="12" step="0.5" value="5" aria-label="Pen size"></label>
      <fieldset class="colours">
        <legend class="unseen">Pen colour, or eraser</legend>
        % for name in ("ink", "blue", "red", "green", "eraser"):
        <label class="swatch {{name}}" title="{{name}}"><input type="radio" name="tool" value="{{name}}" {{"checked" if name == "ink" else ""}}><span class="unseen">{{name}}</span></label>
        % end
      </fieldset>
      <div class="buttons">
        <button id="undo" type="button" aria-keyshortcuts="Control+Z Meta+Z" disabled>Undo</button>
        <button id="redo" type="button" aria-keyshortcuts="Control+Shift+Z Meta+Shift+Z" disabled>Redo</button>
        <button id="clear" type="button" aria-keyshortcuts="Escape" disabled>Clear</button>
        <button id="read" type="button" class="primary" disabled>Read it</button>
      </div>
      <p class="or">or <label class="choose">choose a picture or several<input id="choose" type="file" class="unseen" multiple accept="image/png,image/jpeg,image/gif,image/bmp,image/webp"></label>, drop one here, or paste one.</p>
      <p class="developers"><button id="copy-curl" type="button" disabled>Copy as curl</button> <span id="note" role="status"></span></p>
    </section>

    <section class="gallery" id="gallery" aria-label="Pictures" hidden></section>

    <ol class="bars panel" id="bars" start="0" aria-label="Probability of each digit">
      % for digit in range(10):
      <li><span class="name">{{digit}}</span><span class="track"><span class="bar"></span></span><span class="share">–</span></li>
      % end
    </ol>
  </main>

  <section aria-label="Inside the network">
  <details class="inside panel" id="inside" data-state="empty" open>
    <summary>Inside the network</summary>
    <div class="why">
      <div class="heat"><img id="heat-seen" alt=""><canvas id="heat" width="28" height="28" role="img" aria-labelledby="evidence"></canvas></div>
      <div>
        <p id="evidence">Draw, and see what each layer makes of it.</p>
        <p class="legend" aria-hidden="true"><span class="for">for</span> <span class="against">against</span></p>
        <div class="digits" id="why" role="group" aria-label="Why not another digit?">
          % for digit in range(10):
          <button type="button" aria-pressed="false" aria-label="Why not a {{digit}}?" disabled>{{digit}}</button>
          % end
        </div>
      </div>
      <figure class="detail"><canvas id="map-detail" width="26" height="26" role="img" aria-labelledby="map-caption"></canvas><figcaption id="map-caption">Point at a map to enlarge it</figcaption></figure>
    </div>
    <div class="layers" id="layers"></div>
  </details>
  </section>
  <noscript><p>The pad needs JavaScript. Pictures can be sent without it: see the README's curl examples.</p></noscript>
</body>
</html>
