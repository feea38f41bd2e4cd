// The token of a link that works once: from the address, where no server and no log sees it, into the form. Then it
// leaves the address, so that it is not in the history either.
"use strict";

const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
document.querySelector("#token").value = token;
document.querySelector("#no-token").hidden = token !== "";
history.replaceState(null, "", location.pathname);
