"""What people see of a backtest, a walk-forward, a comparison: a page, tables for other programs, a cell of a notebook.

    page.py     the offline page        files/      CSV, Parquet, XLSX, JSON        display.py  a notebook's cell
    markup/     its parts, a file each  svg/        its drawings, along time        view.py     what is chosen to be shown

All of it from the JSON document alone: it chooses and orders, and makes no figure.
"""
