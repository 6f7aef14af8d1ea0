import fc from "fast-check";

// A counterexample is enough here; making it small takes most of the time.
fc.configureGlobal({ endOnFailure: true });
