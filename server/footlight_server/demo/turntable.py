"""Generated scenes that turn in the page: a canvas and a short script, nothing that would have to be loaded."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from footlight_server.demo.pictures import height_colours
from footlight_server.demo.terrain import heights_of

_COLOURS = 64
_SCRIPT = """
{ const canvas = document.getElementById("scene"), paint = canvas.getContext("2d");
  const names = document.getElementById("scenes"), TILT = 0.6;
  let shown = 0, turn = 0.6, held = false, still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const light = (u, v) => { // how much a face looks towards a lamp in the north-west, half way up
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    const lit = (n[1] * 0.71 - n[0] * 0.5 - n[2] * 0.5) / Math.hypot(...n);
    return 0.5 + 0.65 * Math.max(0, lit);
  };
  const faces = scenes.map(heights => { // four corners a cell; one metre from corner to corner
    const side = Math.sqrt(heights.length), top = Math.max(...heights), half = (side - 1) / 2, all = [];
    const corner = (r, c) => [c - half, heights[r * side + c] - top / 2, r - half];
    for (let r = 0; r + 1 < side; r++) for (let c = 0; c + 1 < side; c++) {
      const four = [corner(r, c), corner(r, c + 1), corner(r + 1, c + 1), corner(r + 1, c)];
      const height = four.reduce((sum, p) => sum + p[1], 0) / 4 / top + 0.5;
      const minus = (p, q) => p.map((x, i) => x - q[i]);
      const bright = light(minus(four[3], four[0]), minus(four[1], four[0]));
      const colour = colours[Math.min(colours.length - 1, Math.floor(height * colours.length))];
      all.push({ four, fill: `rgb(${colour.map(x => Math.min(255, Math.round(x * bright)))})` });
    }
    return all;
  });
  const draw = () => { // the farthest first
    const { width, height } = canvas, scale = width / 46, [s, c] = [Math.sin(turn), Math.cos(turn)];
    const seen = ([x, y, z]) => [x * c + z * s, z * c - x * s, y];
    paint.clearRect(0, 0, width, height);
    for (const { four, fill } of faces[shown].map(face => ({ ...face, four: face.four.map(seen) }))
      .sort((a, b) => a.four[0][1] + a.four[2][1] - b.four[0][1] - b.four[2][1])) {
      paint.beginPath();
      for (const [x, back, y] of four) paint.lineTo(width / 2 + x * scale, height / 2 + (back * TILT - y) * scale);
      paint.closePath();
      paint.fillStyle = paint.strokeStyle = fill;
      paint.fill(); paint.stroke();
    }
  };
  const go = () => { if (!held && !still) { turn += 0.004; draw(); } requestAnimationFrame(go); };
  canvas.onpointerdown = event => { held = true; canvas.setPointerCapture(event.pointerId); };
  canvas.onpointerup = canvas.onpointercancel = () => { held = false; };
  canvas.onpointermove = event => { if (held) { turn -= event.movementX / 150; draw(); } };
  names.onchange = () => { shown = names.selectedIndex; draw(); };
  draw(); go(); }
"""


def turning_scenes(paths: Sequence[Path]) -> str:
    """A part of a page in which one of the scenes (GLB files) turns, and can be turned and changed."""
    heights = [np.round(heights_of(path.read_bytes()).ravel(), 2).tolist() for path in paths]
    colours = np.rint(255 * height_colours(np.linspace(0, 1, _COLOURS))).astype(int).tolist()
    names = "".join(f"<option>{html.escape(path.name)}</option>" for path in paths)
    return (
        f"<p><select id=scenes aria-label=scene>{names}</select> Drag to turn it.</p>"
        "<canvas id=scene width=880 height=520 role=img aria-label='a generated scene that turns'></canvas>"
        f"<script>const scenes = {json.dumps(heights)}, colours = {json.dumps(colours)};{_SCRIPT}</script>"
    )
