"""The layers of a face, from the wall behind it to the hair in front.

Features sit on a rounded head: yaw and pitch move each by its depth, and narrow it.
"""

import numpy as np

from frlib.data.synth.canvas import Canvas, Plane, Value, clip01
from frlib.data.synth.people import Columns


class Face:
    """The layers, in painting order; `who` and `how` are columns of `people.TRAITS` and `shots`."""

    head: Plane
    """Coverage of the head, `[n, S, S]`, once the skin is painted."""

    def __init__(self, canvas: Canvas, who: Columns, how: Columns) -> None:
        self.canvas, self.who, self.how = canvas, who, how
        yaw = how["yaw"].astype(np.float64)
        self.turn = np.sin(yaw).astype(np.float32)
        self.width = np.cos(yaw).astype(np.float32)
        self.nod = how["pitch"]
        light, warm = who["skin_light"], who["skin_warm"]
        self.tone = (light + 0.8 * warm, light - 0.25 * warm, light - 0.9 * warm)
        light, warm = who["hair_light"] + how["hair_fade"], who["hair_warm"]
        self.hair = (light + warm, light + 0.2 * warm, light - 0.6 * warm)

    def paint(self) -> None:
        """Every layer, from back to front."""
        self.background()
        self.behind()
        self.skin()
        self.nose()
        self.mouth()
        for side in (-1.0, 1.0):
            self.eye(side)
            self.brow(side)
        self.marks()
        self.fringe()

    def at(self, x: Value, y: Value, depth: float) -> tuple[Value, Value]:
        """Where a feature of the frontal face is seen: moved by its depth."""
        return x * self.width + depth * self.turn, y + depth * self.nod

    def background(self) -> None:
        """A coloured wall with a gradient, a patch, and clothes at the bottom."""
        canvas, how = self.canvas, self.how
        slope = canvas.u * (how["back_x"] - 0.5) + canvas.v * (how["back_y"] - 0.5)
        slope *= 0.4
        grey = 0.2 + 0.5 * how["back_light"]
        for plane, name in zip(canvas.rgb, ("back_r", "back_g", "back_b"), strict=True):
            np.add(slope, grey + 0.3 * how[name], out=plane)
        radius = 0.4 + 0.6 * how["blob_size"]
        hill = canvas.bump(2.4 * how["blob_x"] - 1.2, 2 * how["blob_y"] - 1.2, radius, radius)
        canvas.shade(hill, 0.7 - 1.4 * how["blob_light"])

    def behind(self) -> None:
        """Hair behind the head, ears, neck and shoulders."""
        canvas, who, how = self.canvas, self.who, self.how
        x, y = self.at(0.0, -0.1, -0.12)
        up = who["face_h"] - 0.1 + who["hair_top"] + how["hair_volume"]
        down = np.maximum(0.3, who["hair_low"] + how["hair_fall"])
        side = who["face_w"] + who["hair_side"] + how["hair_volume"]
        across = (canvas.u - x) / side
        along = canvas.v - y
        along = np.maximum(along, 0) / down + np.minimum(along, 0) / up
        across *= across
        along *= along
        across += along
        canvas.paint(canvas.inside(across, side), [0.85 * tone for tone in self.hair])
        low = canvas.band(0.0, 1.1, 1.6)
        low.paint(low.ellipse(0.0, 0.75, 0.30, 0.5), [0.72 * t for t in self.tone])
        low.paint(
            low.ellipse(0.0, 1.42, 0.95, 0.5),
            [how[name] for name in ("cloth_r", "cloth_g", "cloth_b")],
        )
        for sign in (-1.0, 1.0):
            x, y = self.at(sign * who["face_w"], who["ear_y"], -0.1)
            ears = canvas.band(x, y, canvas.reach(who["ear_w"], 0.15))
            ears.paint(ears.ellipse(x, y, who["ear_w"], 0.15), [0.85 * t for t in self.tone])

    def skin(self) -> None:
        """The head, rounded by shading, with the low-frequency relief of this person."""
        canvas, who = self.canvas, self.who
        narrow = np.maximum(canvas.v, 0)
        narrow *= narrow
        narrow *= -who["jaw"] / who["face_h"]
        narrow += 1
        np.maximum(narrow, 0.2, out=narrow)
        narrow *= who["face_w"] * (0.75 + 0.25 * self.width)
        q = canvas.u / narrow
        q *= q
        tall = canvas.v * (1 / who["face_h"])
        tall *= tall
        q += tall
        self.head = canvas.inside(q.copy(), who["face_w"])
        np.minimum(q, 1, out=q)
        q *= q
        shadow = 0.28 * q
        for x, y, rx, ry, strength in self._relief():
            band = canvas.band(*self.at(x, y, 0.1), rx + ry)
            part = band.rows_of(shadow)
            part += band.bump(*self.at(x, y, 0.1), rx, ry) * strength
        np.subtract(1, shadow, out=shadow)
        for plane, tone in zip(canvas.rgb, self.tone, strict=True):
            change = shadow * tone
            change -= plane
            change *= self.head
            plane += change
        chin = canvas.band(*self.at(0.0, 0.62, 0.15), 1.0)
        for name, y, rx, ry in (("beard", 0.62, 0.55, 0.40), ("moustache", 0.35, 0.24, 0.08)):
            hill = chin.bump(*self.at(0.0, y, 0.15), rx, ry)
            hill *= chin.rows_of(self.head)
            chin.paint(hill * np.maximum(self.who[name], 0) * 3.0, self.hair)

    def _relief(self) -> list[tuple[Value, Value, Value, float, Value]]:
        who = self.who
        relief: list[tuple[Value, Value, Value, float, Value]] = []
        for sign in (-1.0, 1.0):
            dx = sign * who["eye_dx"]
            relief += [
                (sign * 0.30, who["cheek_y"], 0.24, 0.24, who["cheek_shade"]),
                (dx, who["eye_y"] + 0.10, 0.15, 0.07, who["eye_bag"]),
                (dx, who["eye_y"], 0.20, 0.14, who["socket"]),
                (sign * 0.45, -0.40, 0.2, 0.3, who["temple"]),
                (sign * (who["nose_w"] + 0.09), who["nose_y"] + 0.12, 0.05, 0.2, who["fold"]),
            ]
        relief += [
            (0.0, who["eye_y"] - 0.12, 0.3, 0.14, who["brow_ridge"]),
            (0.0, who["chin_y"], 0.16, 0.14, who["chin_shade"]),
        ]
        return relief

    def nose(self) -> None:
        """Shaded sides of the bridge, the ball, and the nostrils."""
        canvas, who, how = self.canvas, self.who, self.how
        top = who["eye_y"]
        middle = 0.5 * (top + who["nose_y"])
        half = 0.5 * (who["nose_y"] - top) + 0.05
        x, y = self.at(who["nose_bend"], middle, 0.22)
        part = canvas.band(x, y, half + who["bridge_w"] + 0.07)
        for sign in (-1.0, 1.0):
            lit = who["bridge_dark"] + 0.5 * sign * how["light_x"]
            part.shade(part.bump(x + sign * who["bridge_w"], y, 0.07, half), lit)
        x, y = self.at(who["nose_bend"] + who["skew"], who["nose_y"], 0.32)
        ball = canvas.band(x, y, canvas.reach(1.2 * who["nose_w"], 0.11))
        ball.shade(ball.bump(x, y - 0.02, who["nose_w"], 0.09), -0.16)
        ball.shade(ball.bump(x, y + 0.055, 1.15 * who["nose_w"], 0.05), 0.5 * who["nostril"])
        for sign in (-1.0, 1.0):
            hole = ball.ellipse(x + sign * 0.52 * who["nose_w"], y + 0.04, 0.034, 0.02)
            ball.shade(hole, who["nostril"])

    def mouth(self) -> None:
        """Lips, what is between them, and the teeth of a wide open one."""
        canvas, who, how = self.canvas, self.who, self.how
        gap = np.maximum(how["mouth_open"], 0)
        wide = (who["mouth_w"] + 0.02 * how["smile"]) * self.width
        bend = who["mouth_bend"] + how["smile"]
        x, y = self.at(who["skew"], who["mouth_y"] + gap, 0.2)
        up, low = who["lip_up"], who["lip_low"]
        part = canvas.band(x, y, canvas.reach(wide, 2 * gap + up + low, bend=bend))
        red, light = who["lip_red"], who["lip_light"]
        r, g, b = self.tone
        lips = (r + light + 0.5 * red, g + light - 0.7 * red, b + light - 0.5 * red)
        part.paint(part.ellipse(x, y + low * 0.5 + gap, wide * 0.86, low + gap, bend=bend), lips)
        upper = part.ellipse(x, y - up * 0.4, wide, up + 0.5 * gap, bend=bend)
        part.paint(upper, [0.88 * tone for tone in lips])
        inner = part.ellipse(x, y + 0.6 * gap, wide * 0.85, 0.010 + gap, bend=bend)
        part.paint(inner, (0.26, 0.09, 0.09))
        teeth = part.ellipse(x, y + 0.2 * gap, wide * 0.6, 0.002 + 0.5 * gap, bend=bend)
        teeth *= np.minimum(gap * 25, 0.9)
        part.paint(teeth, (0.9, 0.88, 0.84))

    def eye(self, sign: float) -> None:
        """Lid, white, iris and pupil of one eye; the lids close over what is inside."""
        canvas, who, how = self.canvas, self.who, self.how
        x, y = self.at(sign * who["eye_dx"], who["eye_y"] + sign * 0.5 * who["skew"], 0.14)
        wide = who["eye_w"] * self.width
        high = who["eye_h"] * np.maximum(1 - np.maximum(how["squint"], 0) * 1.2, 0.25)
        tilt = -sign * who["eye_tilt"]
        reach = canvas.reach(1.08 * wide, high + 2 * who["lid"], tilt)
        part = canvas.band(x, y, reach + np.abs(how["gaze_x"]) + who["iris_r"])
        lid = part.ellipse(x, y - who["lid"], wide * 1.08, high + 0.4 * who["lid"], tilt)
        part.paint(lid, [0.38 * tone for tone in self.tone])
        white = part.ellipse(x, y, wide, high, tilt)
        part.paint(white, (0.88, 0.86, 0.84))
        gaze = x + how["gaze_x"]
        light, warm = who["iris_light"], who["iris_warm"]
        iris = part.ellipse(gaze, y, who["iris_r"], who["iris_r"])
        iris *= white
        part.paint(iris, (light + warm, light + 0.02, light + 0.08 - warm))
        pupil = part.ellipse(gaze, y, 0.45 * who["iris_r"], 0.45 * who["iris_r"])
        pupil *= white
        part.paint(pupil, (0.04, 0.04, 0.05))

    def brow(self, sign: float) -> None:
        """One eyebrow."""
        canvas, who, how = self.canvas, self.who, self.how
        raised = who["eye_y"] - who["brow_gap"] - how["brow_raise"]
        x, y = self.at(sign * (who["eye_dx"] + 0.01), raised, 0.18)
        wide, tilt, bend = who["brow_w"] * self.width, sign * who["brow_tilt"], -who["brow_bend"]
        part = canvas.band(x, y, canvas.reach(wide, who["brow_h"], tilt, bend))
        shape = part.ellipse(x, y, wide, who["brow_h"], tilt, bend)
        shape *= who["brow_dark"]
        part.paint(shape, [0.8 * tone for tone in self.hair])

    def marks(self) -> None:
        """A mole and a fainter mark, each absent in those whose radius is not positive."""
        canvas, who = self.canvas, self.who
        for name, strength in (("mole", 0.6), ("mark", 0.4)):
            x, y = self.at(who[f"{name}_x"], who[f"{name}_y"], 0.2)
            radius = np.maximum(who[f"{name}_r"], 0.0)
            part = canvas.band(x, y, canvas.reach(radius, radius))
            spot = part.ellipse(x, y, radius, radius)
            spot *= part.rows_of(self.head)
            part.shade(spot, strength)

    def fringe(self) -> None:
        """Hair in front of the forehead: what lies on the head above the hairline."""
        canvas, who, how = self.canvas, self.who, self.how
        x, top = self.at(0.0, who["hairline"] + how["hairline_move"], 0.05)
        across = canvas.u - x
        line = across * who["hairline_bend"]
        line += who["hairline_tilt"]
        line *= across
        line += top
        above = line - canvas.v
        above *= 0.5 / canvas.soft
        above += 0.5
        clip01(above)
        x, y = self.at(0.0, 0.0, -0.05)
        above *= canvas.ellipse(x, y, who["face_w"] + 0.03, who["face_h"] + 0.05)
        canvas.paint(above, self.hair)
