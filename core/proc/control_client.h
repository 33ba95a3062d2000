#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

/*
 * control_client: `lunette ctl`: one command to the control socket, its
 * answer on stdout.
 *
 * word is the command and its arguments ("status", "--json").  Returns the
 * exit status: 0; 1 if the server said ERR (its text on stderr); 64 for an
 * unknown command or a wrong number of arguments; 69 if nobody listens.
 */
int control_client(const char *path, int words, char *const *word);

#endif
