/* What libical, the strictest reader found, has against the calendar on standard input; one error a line. */

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>

static void print_errors(icalcomponent *component)
{
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY);
    for (; property; property = icalcomponent_get_next_property(component, ICAL_XLICERROR_PROPERTY))
        printf("%s\n", icalproperty_get_xlicerror(property));

    icalcomponent *child = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT);
    for (; child; child = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT))
        print_errors(child);
}

int main(void)
{
    size_t size = 0;
    char *text = NULL;
    if (getdelim(&text, &size, '\0', stdin) < 0) {
        puts("nothing to read");
        return 0;
    }
    icalerror_set_errors_are_fatal(0);
    icalcomponent *calendar = icalparser_parse_string(text);
    if (calendar == NULL) {
        puts("not a calendar");
        return 0;
    }
    int obeys = icalrestriction_check(calendar); /* adds what it finds to the components */
    print_errors(calendar);
    if (obeys != 1)
        puts("breaks the restrictions of RFC 5546");
    icalcomponent_free(calendar);
    free(text);
    return 0;
}
