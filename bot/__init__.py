"""Front to the person who asks: channels, web pages, intake, Rasa's components and the launcher. No SQL, no policy text."""
