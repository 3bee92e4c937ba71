"""The thin library under the speech translation workbook; read it from `languages` up to `workbook`."""
