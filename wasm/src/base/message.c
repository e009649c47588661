/* SPDX-License-Identifier: Apache-2.0 */
#include "base/message.h"
#include <stdarg.h>
#include <stdio.h>

ptm_status ptm_message_set(ptm_message *message, ptm_status status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message->text, sizeof message->text, format, arguments);
	va_end(arguments);
	return status;
}
