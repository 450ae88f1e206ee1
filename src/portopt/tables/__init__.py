"""The reading kit for tables: holdings, prices, universes, benchmarks, returns and frames, by one policy.

    sizes      what is too large is refused before it is unpacked
    text       bytes -> text: encodings, spaces that nobody sees
    separated  text -> cells under column names (head: which row names them)
    workbook   XLSX -> the same
    table      the cells of one table, with the row a person would look for
    numbers    a column of text -> numbers, by the whole column: decimal comma or point
    dates      a column of text -> days, by the whole column: day or month first
    prices     a table -> a row a price (price_columns: which column is what); returns: a table -> returns by asset
    rows       a table by hand -> a row an asset (row_columns, row_files); frames: data frames -> tables
    account    what was ignored or changed (notes) and what was wrong (problems), all of it at once

Every row, column and date is used, or ignored and listed, or refused with row and column. Nothing is guessed between two
meanings: the whole column decides, or the reader is asked, by a cell of it.
"""
