"""A Bot API server of our own: a pretend Telegram on this machine, for tests and for trying the bot without a token.

    world.py      what people do: World.new_person, say, press, block …; what the bot said to them; state.py beneath it
    people.py     people, chats, messages, presses in the Bot API's JSON; clock.py time, and waking who waits
    mailbox.py    updates waiting for the bot; polling.py and webhook.py bring them to it
    methods.py    what a bot calls, with talking.py; checked by formatting.py, markup.py, links.py and keyboards.py
    limits.py     Telegram's rates; faults.py what goes wrong on purpose
    server.py     make_fake(world): the HTTP app; make_server(world): a server of its own; parameters.py arguments
    doors.py      the world over HTTP, for tests and for the page; page.py and static/ the page at /; demo.py its world

Facts are from the source of the real server (tdlib/telegram-bot-api) and from the Bot API's documentation.

    Refusal       (refusals.py) the only error: a call that is answered with ok: false
"""
