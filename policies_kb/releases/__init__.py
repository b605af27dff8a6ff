"""Releases: what is served. A release is one trained model and, per policy, one frozen archive of its folder.

manifest.py      what a release is made of
archives.py      a policy's folder as one file, and back
shelf.py         the port: where releases lie, which one is current, who serves which
folder_shelf.py  a shelf in a folder, for one machine
store_shelf.py   a shelf in rows that somebody else stores, for several machines
opening.py       the knowledge base of a release
"""
