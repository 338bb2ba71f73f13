//! The end-to-end tests of building, running and inspecting images. Every test runs `docker` with a real
//! engine.
//!
//! All tests are in one binary, so it is linked once and the tests run in parallel under any runner. The
//! build cache of the engine is shared and stays after a run. A test that needs a step to run puts a nonce
//! into the input of the step.

mod agents;
mod attestations;
mod bases;
mod below;
mod broken;
mod bumps;
mod caching;
mod calls;
mod cancel;
mod checks;
mod ci;
mod ci_files;
mod command_line;
mod compose;
mod conda;
mod conflicts;
mod contexts;
mod cooldown;
mod databases;
mod datascience;
mod development;
mod digests;
mod django;
mod dockerfiles;
mod docs;
mod downloads;
mod fastapi;
mod faults;
mod flask;
mod indexes;
mod keys;
mod lint;
mod locked;
mod locks;
mod migrations;
mod mistakes;
mod multiarch;
mod named;
mod options;
mod overlaps;
mod package;
mod packages;
mod pip;
mod platforms;
mod poetry;
mod public;
mod pyproject;
mod python_bases;
mod refused;
mod reproducible;
mod requirements;
mod secrets;
mod settings;
mod small;
mod sources;
mod stages;
mod versions;
mod wheels;
mod workspace;
mod workspaces;
