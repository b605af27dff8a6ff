// Where the messages are shown: on the desk's own front page, or in the widget on somebody else's page.

/**
 * home: put before links to the desk's pages; shapes: the icons' drawings by name, where the page has no sprite of them;
 * demoMail: a link to the demo mailbox, or null where there is none.
 */
export const surroundings = { home: "", shapes: null, demoMail: () => null };
