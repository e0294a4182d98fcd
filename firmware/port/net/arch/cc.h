// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// What lwIP asks of the compiler and the machine; the rest has the right defaults.

#ifndef SEALINE_PORT_LWIP_CC_H
#define SEALINE_PORT_LWIP_CC_H

#include <stdlib.h>

#define LWIP_NO_CTYPE_H 1
#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) abort()

#endif // SEALINE_PORT_LWIP_CC_H
