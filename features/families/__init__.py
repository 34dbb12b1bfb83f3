"""One module per feature family: `FEATURES` names its numbers, `values` gives them in that order.

A new family is a module here and an entry in `features.table.FAMILIES`.
"""
