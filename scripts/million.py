#!/usr/bin/env python3
"""Cuts articles ({"id","title","body"} a line on standard input) into N small documents of some 300 characters."""
import json
import sys

want, made = int(sys.argv[1]), 0
for line in sys.stdin:
    d = json.loads(line)
    part = []
    size = 0
    for para in d.get("body", "").split("\n"):
        for sentence in para.split(". "):
            part.append(sentence)
            size += len(sentence)
            if size < 300:
                continue
            print(json.dumps({"id": "%s-%d" % (d["id"], made), "title": d["title"], "text": ". ".join(part)}))
            part, size = [], 0
            made += 1
            if made == want:
                sys.exit(0)
sys.exit("only %d documents in the input" % made)
