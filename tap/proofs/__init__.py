"""Proofs about an environment, from a plan or live: who reaches what, and who may do what."""
