// The pages about one proposal: the key that finds.
"use strict";

window.portoptKeys["/"] = () => document.getElementById("find")?.focus();
