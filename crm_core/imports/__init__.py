"""Reading lead files: CSV and XLSX, row by row, with every refusal explained."""
