"""Every method of an assistant, the least that each can be: it knows titles and tags, and suggests or asks."""

import numpy as np

from footlight_plugins import Assistant, Heard, Reply, ReplyItem, SaidSlot, State


class Usher(Assistant):
    acts = ("suggest", "ask")
    observations = 2  # nothing was suggested yet, or something was

    def __init__(self, options):
        self.known = {}  # item -> what the catalogue says of it
        self.tagged = {}  # tag -> items
        self.waiting = []

    def describe(self, contents):
        self.known.update((content.item, content) for content in contents)
        self.waiting += contents

    @property
    def pending(self):
        return len(self.waiting)

    def settle(self):
        taken, self.waiting = self.waiting[:1000], self.waiting[1000:]
        for content in taken:
            for tag in content.tags:
                self.tagged.setdefault(tag.lower(), set()).add(content.item)

    def hear(self, turn):
        text, shown = turn.text.lower(), turn.memory.get("shown", [])
        meant = {item for item, one in self.known.items() if one.title and one.title.lower() in text}
        tags = [tag for tag in self.tagged if tag in text]
        wanted = meant or set(self.known).intersection(*(self.tagged[tag] for tag in tags)).difference(shown)
        found = [item for item in sorted(wanted) if item < len(turn.servable) and turn.servable[item]]
        return Heard(
            "about" if meant else "wish",
            "en",
            tuple(SaidSlot("tag", tag) for tag in tags),
            reward=-1.0 if shown and "another" in text else None,
            observation=int(bool(shown)),
            mask=np.array([bool(found), True]),
            thought=found,
        )

    def reply(self, turn, heard, act):
        found = heard.thought
        if self.acts[act] == "ask" or not found:
            return Reply("ask", "What would you like to see?", "en", turn.memory)
        values = np.zeros(len(turn.servable)) if turn.scores is None else turn.scores
        best = sorted(found, key=lambda item: -values[item])[: turn.count]
        items = tuple(ReplyItem(item, self.known[item].title, float(values[item])) for item in best)
        memory = {"shown": [*turn.memory.get("shown", []), *best]}
        return Reply(
            "suggest", "How about " + ", ".join(one.title or "this" for one in items) + "?", "en", memory, items
        )

    def state(self):
        return State({})  # the catalogue is told anew after every start

    def load(self, state):
        if state.arrays:
            raise ValueError("the state is of another assistant")
