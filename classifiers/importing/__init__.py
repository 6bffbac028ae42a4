"""The room where an uploaded file becomes rows: told apart, decoded, split into cells, checked, counted.

Pure: imports nothing but the standard library, itself, and two modules of the floor below that are just as pure
(`moderation.text`, `moderation.child_process`) - no Django, no clock, no database - so that it starts in a blink in a
child process (`job`) that can be killed and has a memory limit. The worker reads what the child prints and writes to
the database.

    job             the child process: `look` at a file, `survey` its label cells, or print its `rows`
    tables          the one door to a file of any kind
    csv_reader      CSV and its sisters: a preview, and the rows one by one
    csv_survey      one pass over a whole CSV file: header, first rows, count, and whether it can be split at all
    csv_records     a CSV file as numbered records
    delimiters      which character parts the cells
    xlsx_reader     Excel workbooks: a preview of one sheet, and its rows one by one
    xlsx_survey     one pass over a whole sheet: header, first rows, count, and what of it can't be read
    xlsx_records    a sheet as numbered records
    xlsx_sheet      its rows as the XML has them
    xlsx_cells      what one cell says, as text
    xlsx_merges     which cells are merged into another one
    xlsx_workbook   a workbook's sheets and formats
    xlsx_strings    the texts that its cells share
    xlsx_package    the zip that it is, and what may be unpacked
    xlsx_xml        the XML inside, read piece by piece
    jsonl_reader    JSON objects, one a line or in a list: a preview, and the rows one by one
    jsonl_records   a file of objects as numbered records
    jsonl_objects   one object, parsed strictly
    looks           what a file looks like before its columns are chosen; the same for every kind of file
    rows            what a row is and when one is refused; the same for every kind of file
    texts, labels   what one cell may hold
    apostrophes     what an export put before cells that would be formulas, and only that
    label_cells     every different label cell, where it goes, and what the user decided about it
    headers         which headers can't be used
    encodings       how a file's bytes become characters
    kinds           what a file is by its first bytes
    fingerprint     the key by which duplicates are found
    file_problem    the base of all reasons to refuse a file as a whole

A file is refused as a whole before its first row is given, never halfway.
"""
