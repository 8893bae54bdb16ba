"""An independent reading of a centre's journal: nothing of it shares a line with the engine.

`export` reads what `liandong journal export` wrote, `city` and `plan` the objects it names, `geometry` reckons
travel times, `centre` folds the records into what the centre must have held, and each function in `rules` says
whether one promise was kept. The formulas are those of docs/decision.md and docs/journal-export.md.
"""
