"""The ablation studies: grids of notebooks 50 to 53, each with a lean part for `make workbook`."""
