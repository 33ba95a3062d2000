#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capability.h"

static const int kept[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_KILL,
	CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	CAP_SYS_NICE,
};

static int
is_kept(int cap)
{
	size_t i;

	for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (kept[i] == cap)
			return 1;
	return 0;
}

/* Effective and permitted become what they are, less what mask has not. */
static int
limit(const __u32 mask[2])
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int i;

	memset(data, 0, sizeof data);
	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= mask[i];
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &head, data);
}

int
capability_drop(void)
{
	__u32 mask[2] = { 0, 0 };
	int cap;

	if (geteuid() != 0)
		return 0;
	/* Needs CAP_SETPCAP, which a container may have taken: then what is
	 * not in our permitted set cannot be had by a child either. */
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!is_kept(cap))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (is_kept(cap))
			mask[cap / 32] |= (__u32)1 << (cap % 32);
	return limit(mask);
}

int
capability_none(void)
{
	static const __u32 nothing[2] = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return limit(nothing);
}
