"""The library of the speech translation workbook; read it from `languages` up to `workbook`."""
