#include <unistd.h>

#include "title.h"

#include "test.h"

/* argv as the system lays it out: one string after the other. */
int
main(void)
{
	static char space[] = "lunette\0run\0-c\0some.lua";
	char *argv[] = { space, space + 8, space + 12, space + 15, NULL };

	title_set("nothing before init");
	test_str("not yet", space, "lunette");
	setenv("TITLE_TEST", "kept", 1);
	title_init(4, argv);
	title_set("%s: %d", "title", 7);
	test_str("set", space, "title: 7");
	test_str("the rest is empty", space + 9, "");
	title_set("%s", "a title that is too long for the space there is");
	test_str("cut", space, "a title that is too lon");
	title_set("short");
	test_str("short again", space, "short");
	test_str("the environment is there", getenv("TITLE_TEST"), "kept");
	return test_done();
}
