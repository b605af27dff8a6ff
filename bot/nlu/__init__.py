"""Reading a message: its intent, the topics of a question, the rights of a request. Usable without Rasa."""
