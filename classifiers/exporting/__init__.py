"""The room where examples become a file that others can read, and that an import reads back as it was.

Pure, as the room `importing` is, from which it takes the rules that reading and writing share: no Django, no clock,
no database. A writer takes the rows one by one and holds no more than a piece of the file, so that 200,000 of them
take no more memory than a few.

    columns       what a row of an export is, and why it has these columns and no others
    label_words   what stands in a label's cell, so that an import finds the same label
    csv_writer    CSV: every cell quoted, and none a formula
    jsonl_writer  JSON objects, one a line
    xlsx_writer   an Excel workbook of one sheet, its cells marked as text

The same rows give the same bytes: no file says when it was made.
"""
