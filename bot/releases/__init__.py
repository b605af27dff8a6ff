"""Publishing, and changing over to what was published, without a restart.

shelf.py       which shelf of releases this process uses
building.py    what a release is made of: archives of policies, the trained model
publishing.py  publish and roll back
starting.py    the release that a process begins with; the first start makes one
following.py   a serving process follows the shelf
differing.py   what lies in the folder and is not served
"""
