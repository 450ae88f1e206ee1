"""A backtest as tables for other programs: CSV, Parquet, a workbook, and the JSON itself."""
