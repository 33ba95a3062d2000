#ifndef QUANTITY_H
#define QUANTITY_H

/*
 * quantity: "50M" in octets, "5m" in seconds, as settings and hooks write
 * them.  A bare number is octets or seconds.  0, or -1 for anything else.
 */
int quantity_size(const char *text, double *out);
int quantity_duration(const char *text, double *out);

#endif
