"""The only writer of bookings and holds, the order of the queue, and what a household has booked."""
