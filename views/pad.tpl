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
    </section>

    <section class="tools" aria-label="Tools">
      <label class="size">Pen <input id="pen-size" type="range" min="1" max="12" step="0.5" value="5" aria-label="Pen size"></label>
      <fieldset class="colours">
        <legend class="unseen">Pen colour</legend>
        % for name in ("ink", "blue", "red", "green"):
        <label class="swatch {{name}}"><input type="radio" name="pen-colour" value="{{name}}" {{"checked" if name == "ink" else ""}}><span class="unseen">{{name}}</span></label>
        % end
      </fieldset>
      <div class="buttons">
        <button id="undo" type="button" aria-keyshortcuts="Control+Z Meta+Z" disabled>Undo</button>
        <button id="clear" type="button" aria-keyshortcuts="Escape" disabled>Clear</button>
        <button id="read" type="button" class="primary" disabled>Read it</button>
      </div>
      <p class="or">or <label class="choose">choose a picture<input id="choose" type="file" class="unseen" accept="image/png,image/jpeg,image/gif,image/bmp,image/webp"></label>, drop one here, or paste one.</p>
    </section>

    <ol class="bars panel" id="bars" start="0" aria-label="Probability of each digit">
      % for digit in range(10):
      <li><span class="name">{{digit}}</span><span class="track"><span class="bar"></span></span><span class="share">–</span></li>
      % end
    </ol>
  </main>
  <noscript><p>The pad needs JavaScript. Pictures can be sent without it: see the README's curl examples.</p></noscript>
</body>
</html>
