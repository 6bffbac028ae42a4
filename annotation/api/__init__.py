"""The annotation's endpoints, below a classifier's own. A key sees what its project runs, and nothing else.

people       for whom a call is made
queues       what waits to be labelled
turns        the next text for a person
answers      what the person did with it
runs         automated annotation: plan, start, watch, pause, resume, cancel
run_fields   how these are read and written
suggestions  what machines have suggested, and confirming it
"""
