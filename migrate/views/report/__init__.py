"""The report: one self-contained HTML file, drawn from `model/report.py`."""
