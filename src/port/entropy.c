/* SPDX-License-Identifier: MIT */
/*
 * port/entropy.c - bits nobody can guess, from getrandom(2): it waits, once after boot, until the
 * kernel's generator is seeded, and never hands out anything weaker.
 */
#include <aksu/loop.h>

#include <errno.h>
#include <sys/random.h>

bool aksu_entropy(void *out, size_t n)
{
	uint8_t *at = out;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}
