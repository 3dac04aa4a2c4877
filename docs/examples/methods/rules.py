"""Every method of rules of levels, the least that each can be: a walled room from @ to > without a wall in the way."""

from typing import ClassVar

from footlight_plugins import Judgement, Rules


class Room(Rules):
    colours: ClassVar = {"#": (60, 60, 60), ".": (220, 220, 200), "@": (40, 90, 200), ">": (200, 60, 40)}
    turns = True

    def fits(self, symbols):
        return {"@", ">"} <= symbols <= set(self.colours)

    def repaired(self, level):
        if not level:
            return level
        inner = ["#" + row[1:-1] + "#" if len(row) > 1 else "#" for row in level[1:-1]]
        return ["#" * len(level[0]), *inner, "#" * len(level[-1])][: len(level)]

    def judge(self, level):
        text = "".join(level)
        if text.count("@") != 1 or text.count(">") != 1:
            return Judgement(False, "it needs one @ and one >")
        free = {(y, x) for y, row in enumerate(level) for x, symbol in enumerate(row) if symbol != "#"}
        (begin,) = (place for place in free if level[place[0]][place[1]] == "@")
        steps, edge = {begin: 0}, [begin]
        for y, x in edge:  # it grows while it is walked through: breadth first
            for place in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if place in free and place not in steps:
                    steps[place] = steps[y, x] + 1
                    edge.append(place)
        reached = [count for (y, x), count in steps.items() if level[y][x] == ">"]
        return Judgement(True, facts={"steps": reached[0]}) if reached else Judgement(False, "> cannot be reached")
