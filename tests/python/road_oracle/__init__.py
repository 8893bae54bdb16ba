"""The oracle of travel times: reads raw maps and tables by itself and adds milliseconds by itself.

It shares no code with the product. What it knows of the rules it has from docs/roads.md and the OpenStreetMap wiki; the default
speeds it reads from the file that `liandong roads speeds` prints, for they are configuration. `raw` and `osm` read,
`network` rounds and keeps the strong part, `routes` finds the quickest way, turn restrictions minded; `prepared` reads a
`.roads` file by its documented layout.
"""
