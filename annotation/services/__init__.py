"""Rules and transactions of annotation: runs by a machine, the queue, people's answers."""
