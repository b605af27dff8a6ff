"""Front to the person who asks: channels, pages, intake, Rasa's components, the launcher. No SQL, no policy text."""
