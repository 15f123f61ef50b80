//! Stories about budgets: commands line by line, and what each comes to.

mod desk;
mod stories;
