"""The room where an uploaded file becomes rows: told apart, decoded, split into cells, checked, counted.

Pure: imports nothing but the standard library, itself, and two modules of the floor below that are just as pure
(`moderation.text`, `moderation.child_process`) - no Django, no clock, no database - so that it starts in a blink in a
child process (`job`) that can be killed and has a memory limit. The worker reads what the child prints and writes to
the database.

    job            the child process: `look` at a file, or print its `rows`
    csv_reader     CSV and its sisters: a preview, and the rows one by one
    csv_survey     one pass over a whole CSV file: header, first rows, count, and whether it can be split at all
    csv_records    a CSV file as numbered records
    delimiters     which character parts the cells
    rows           what a row is and when one is refused; the same for every kind of file
    texts, labels  what one cell may hold
    headers        which headers can't be used
    encodings      how a file's bytes become characters
    kinds          what a file is by its first bytes
    fingerprint    the key by which duplicates are found
    file_problem   the base of all reasons to refuse a file as a whole

A file is refused as a whole before its first row is given, never halfway.
"""
