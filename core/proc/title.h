#ifndef TITLE_H
#define TITLE_H

/*
 * title: what ps shows for a process.
 *
 * title_init moves the environment away and takes the memory of argv for the
 * title: from then on no string of argv may be used, unless it was copied.
 * Without title_init, title_set does nothing.
 */
void title_init(int argc, char **argv);
void title_set(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
