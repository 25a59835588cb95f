"""Input beyond what is taken in, whoever sent it."""


class TooLarge(ValueError):
    """More of something than a bound allows. The text is fit for the sender.

    A kind of its own beside other refusals, because the remedy is another: send it in
    parts. Over HTTP it is a 413.
    """
