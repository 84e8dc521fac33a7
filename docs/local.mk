dist_man_MANS += docs/sandrun.1
EXTRA_DIST += docs/architecture.md
