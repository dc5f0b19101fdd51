//! The program as it is run, on a free port, by real HTTP.

mod files;
mod guard;
mod har;
mod live;
mod load;
mod program;
mod records;
