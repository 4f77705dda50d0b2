// The secret of the build is there, and no text of the page.
if (!process.env.NPM_TOKEN) throw new Error("no NPM_TOKEN");
